#include <Python.h>
#include <ini.h>

static PyObject *parsed(PyObject *self, PyObject *none) { return PyLong_FromLong(ini_parse_string("", NULL, NULL)); }
static PyMethodDef methods[] = {{"parsed", parsed, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_pkg_config", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_pkg_config(void) { return PyModule_Create(&module); }
