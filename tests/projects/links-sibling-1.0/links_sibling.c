#include <Python.h>

int answer(void);

static PyObject *value(PyObject *self, PyObject *none) { return PyLong_FromLong(answer()); }
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "links_sibling", NULL, 0, methods};
PyMODINIT_FUNC PyInit_links_sibling(void) { return PyModule_Create(&module); }
