#include <Python.h>
#include <podwheel_header_of_nobody.h>

static PyObject *none(PyObject *self, PyObject *none) { Py_RETURN_NONE; }
static PyMethodDef methods[] = {{"none", none, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "header_of_nobody", NULL, 0, methods};
PyMODINIT_FUNC PyInit_header_of_nobody(void) { return PyModule_Create(&module); }
