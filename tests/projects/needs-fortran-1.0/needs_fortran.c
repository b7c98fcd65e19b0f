#include <Python.h>

int digits(int number);

static PyObject *count(PyObject *self, PyObject *none) { return PyLong_FromLong(digits(4711)); }
static PyMethodDef methods[] = {{"count", count, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_fortran", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_fortran(void) { return PyModule_Create(&module); }
