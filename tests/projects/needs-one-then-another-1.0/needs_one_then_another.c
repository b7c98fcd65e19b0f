#include <Python.h>
#include <maxminddb.h>

void *arg_rem(const char *, const char *); /* of libargtable2 */

static PyObject *both(PyObject *self, PyObject *none) { return Py_BuildValue("si", MMDB_lib_version(), arg_rem(NULL, NULL) != NULL); }
static PyMethodDef methods[] = {{"both", both, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_one_then_another", NULL, 0, methods};
PyMODINIT_FUNC PyInit_needs_one_then_another(void) { return PyModule_Create(&module); }
