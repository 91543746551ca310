// Bytes and descriptors over a Unix-domain stream.
#include "x-net.h"
int x_channel_fd(const x_handle *handle) { (void)handle; return -1; }
void x_channel_ref(x_handle *handle, bool on) { (void)handle, (void)on; }
void x_channel_shut(x_handle *handle) { (void)handle; }
void x_channel_freed(x_handle *handle) { (void)handle; }
void x_export_handoff(napi_env env, napi_value exports) { (void)env, (void)exports; }
