// A transport whose handles cannot be unreferenced (law 10).
import { portable } from '@x/core/transport'

const stuck = handle => Object.assign(handle, { unref() {} })

export const newTransport = () => ({
  ...portable,
  stream: kind => stuck(portable.stream(kind)),
  listener: kind => stuck(portable.listener(kind)),
})
