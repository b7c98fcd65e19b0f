#include <Python.h>
#include <stdint.h>
#include <bcg729/decoder.h>

static PyObject *decoder(PyObject *self, PyObject *none) { closeBcg729DecoderChannel(initBcg729DecoderChannel()); Py_RETURN_TRUE; }
static PyMethodDef methods[] = {{"decoder", decoder, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_cmake_package", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_cmake_package(void) { return PyModule_Create(&module); }
