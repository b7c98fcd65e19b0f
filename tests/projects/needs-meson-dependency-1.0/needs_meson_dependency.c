#include <Python.h>
#include <yajl/yajl_version.h>

static PyObject *version(PyObject *self, PyObject *none) { return PyLong_FromLong(yajl_version()); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_meson_dependency", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_meson_dependency(void) { return PyModule_Create(&module); }
