#include <Python.h>

extern const char confuse_version[]; /* of libconfuse */

static PyObject *version(PyObject *self, PyObject *none) { return PyUnicode_FromString(confuse_version); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_library", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_library(void) { return PyModule_Create(&module); }
