#include <Python.h>
#include <bzlib.h>

static PyObject *version(PyObject *self, PyObject *none) { return PyUnicode_FromString(BZ2_bzlibVersion()); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_bzip2", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_bzip2(void) { return PyModule_Create(&module); }
