// The package's public face. It names what is exported, and holds no behaviour.

export { type Exploration, type ExploredFailure, type ExploreOptions, explore } from './exploration/explore'
export {
  type RecordedStep,
  type Recorder,
  type Recording,
  type Replay,
  record,
  replay,
} from './fakes/recording'
export { ScriptError, ScriptedPeer, type ScriptedServer, scriptedServer } from './fakes/scripted-peer'
export { socketPair } from './fakes/socket-pair'
export { FaultProxy, type FaultProxyOptions, faultProxy, type Place } from './faults/fault-proxy'
export { type FaultyTransport, faulty } from './faults/faulty'
export type {
  Action,
  Guard,
  Operation,
  OperationType,
  Outcome,
  Packet,
  PacketFlag,
  Rule,
} from './faults/rule'
export * as faults from './faults/vocabulary'
export { expectNoLeaks } from './leaks/expect-no-leaks'
export { failOnLeaks, type RunnerHooks } from './leaks/fail-on-leaks'
export { LeakError } from './leaks/leak-check'
export type { OpenHandle } from './leaks/leak-scope'
export { type MemoryNetwork, type MemoryNetworkOptions, memoryNetwork } from './memory/memory-network'
export { offerLease, type ReceivedLease, receiveLease } from './ports/lease-handoff'
export {
  getPort,
  type LeaseOptions,
  leasePort,
  leasePorts,
  type PortLease,
  type PortLeases,
} from './ports/port-lease'
export { type TempEndpoint, tempEndpoint } from './ports/temp-endpoint'
export type { Omission } from './simulation/misfortunes'
export { Random } from './simulation/random'
export {
  type Simulation,
  SimulationError,
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from './simulation/simulate'
export type { HostMain, HostOptions, SimulatedHost } from './simulation/simulated-host'
export type { Hosts, Repair, SimulatedNetwork } from './simulation/simulated-network'
export type { SimulatedClock } from './simulation/virtual-clock'
