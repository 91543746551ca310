// A relay between two streams.
#include "x-net.h"
void x_relay_shut(x_handle *handle) { (void)handle; }
void x_relay_freed(x_handle *handle) { (void)handle; }
void x_export_relay(napi_env env, napi_value exports) { (void)env, (void)exports; }
