#include "host/readers.h"
int vn_host_read_synthetic(const char *source, const char *text, vn_host **ret, vn_error *err)
{ (void)text;(void)ret; return vn_fail_line(err, VN_E_SYSTEM, source,0,0,"not written yet"); }
int vn_host_read_root(const char *source, const char *root, vn_host **ret, vn_error *err)
{ (void)root;(void)ret; return vn_fail_line(err, VN_E_SYSTEM, source,0,0,"not written yet"); }
