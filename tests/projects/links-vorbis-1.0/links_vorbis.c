#include <Python.h>
#include <vorbis/codec.h>

static PyObject *version(PyObject *self, PyObject *none) { return PyUnicode_FromString(vorbis_version_string()); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "links_vorbis", NULL, 0, methods};
PyMODINIT_FUNC PyInit_links_vorbis(void) { return PyModule_Create(&module); }
