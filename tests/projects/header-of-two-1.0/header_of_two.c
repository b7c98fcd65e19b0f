#include <Python.h>
#include <prng.h>

static PyObject *none(PyObject *self, PyObject *none) { Py_RETURN_NONE; }
static PyMethodDef methods[] = {{"none", none, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "header_of_two", NULL, 0, methods};
PyMODINIT_FUNC PyInit_header_of_two(void) { return PyModule_Create(&module); }
