// The package's public face. It names what is exported, and holds no behaviour.
export { type MemoryNetwork, type MemoryNetworkOptions, memoryNetwork } from './memory/memory-network'
