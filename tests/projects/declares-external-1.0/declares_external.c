#include <Python.h>
#include <mspack.h>

static PyObject *version(PyObject *self, PyObject *none) { return PyLong_FromLong(mspack_version(MSPACK_VER_LIBRARY)); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "declares_external", NULL, 0, methods};
PyMODINIT_FUNC PyInit_declares_external(void) { return PyModule_Create(&module); }
