#include <Python.h>
#include <mm.h>

static PyObject *version(PyObject *self, PyObject *none) { return PyLong_FromLong(mm_lib_version()); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_config_program", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_config_program(void) { return PyModule_Create(&module); }
