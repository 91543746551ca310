// The entry `@x/ipc/systemd`: what a service says to its service manager and gets from it. It names what is exported, and holds
// no behaviour.
export { forgetDescriptors, type Storable, storeDescriptors } from './service-manager/descriptor-store'
export type { Environment } from './service-manager/environment'
export { type ListenFdsOptions, type ServiceDescriptor, takeListenFds } from './service-manager/listen-fds'
export { type NotifyOptions, notify, type ServiceState } from './service-manager/notification'
export { startWatchdog, type WatchdogOptions } from './service-manager/watchdog'
