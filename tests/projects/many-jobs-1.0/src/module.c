#include <Python.h>

int one(void), two(void), three(void);

static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(one() + two() + three()); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_many_jobs", NULL, 0, methods};
PyMODINIT_FUNC PyInit__many_jobs(void) { return PyModule_Create(&module); }
