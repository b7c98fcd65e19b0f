#include <Python.h>
#include <jwt.h>

static PyObject *none(PyObject *self, PyObject *none) { return PyLong_FromLong(JWT_ALG_NONE); }
static PyMethodDef methods[] = {{"none", none, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "header_of_two", NULL, 0, methods};
PyMODINIT_FUNC PyInit_header_of_two(void) { return PyModule_Create(&module); }
