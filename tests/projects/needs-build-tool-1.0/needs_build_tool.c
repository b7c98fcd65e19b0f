#include <Python.h>
#include <string.h>
#include "colours.h"

static PyObject *known(PyObject *self, PyObject *none) { return PyBool_FromLong(in_word_set("green", 5) != NULL); }
static PyMethodDef methods[] = {{"known", known, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_build_tool", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_build_tool(void) { return PyModule_Create(&module); }
