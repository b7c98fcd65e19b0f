#include <Python.h>
#include <mhash.h>

static PyObject *count(PyObject *self, PyObject *none) { return PyLong_FromLong(mhash_count()); }
static PyMethodDef methods[] = {{"count", count, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_optional_header", NULL, 0, methods};
PyMODINIT_FUNC PyInit__optional_header(void) { return PyModule_Create(&module); }
