#include <Python.h>
#include <ev.h>

static PyObject *version(PyObject *self, PyObject *none) { return PyLong_FromLong(ev_version_major()); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_header", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_header(void) { return PyModule_Create(&module); }
