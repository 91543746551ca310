// What a load came to, for programs and for people. It measures nothing.
import { count, grouped } from '../count'

export interface LoadReport {
  readonly seconds: number
  readonly publishers: number
  readonly subscribers: number
  readonly published: number
  readonly publishedPerSecond: number
  readonly delivered: number
  readonly deliveredPerSecond: number
  /** From the publisher's writing to the subscriber's reading. */
  readonly latencyMs: {
    readonly p50: number
    readonly p99: number
    readonly p999: number
    readonly most: number
  }
  readonly lost: number
  readonly doubled: number
  readonly outOfOrder: number
  /** Connections that ended before the load did. */
  readonly broken: number
  /** Answers to PUBLISH that were not the number of subscribers. */
  readonly wrongReplies: number
}

/** Whether all messages came, once and in order, and nothing broke. */
export function isClean({ lost, doubled, outOfOrder, broken, wrongReplies }: LoadReport): boolean {
  return lost + doubled + outOfOrder + broken + wrongReplies === 0
}

export function describeReport(report: LoadReport): string {
  const { latencyMs } = report
  return [
    `published  ${count(report.published, 'message')} by ${count(report.publishers, 'publisher')} in ${report.seconds.toFixed(1)} s: ${grouped(report.publishedPerSecond)} a second`,
    `delivered  ${grouped(report.delivered)} to ${count(report.subscribers, 'subscriber')}: ${grouped(report.deliveredPerSecond)} a second`,
    `latency    p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, p99.9 ${latencyMs.p999} ms, most ${latencyMs.most} ms`,
    `faults     ${grouped(report.lost)} lost, ${grouped(report.doubled)} doubled, ${grouped(report.outOfOrder)} out of order, ${count(report.broken, 'connection')} broken, ${count(report.wrongReplies, 'wrong count')} of receivers`,
  ].join('\n')
}
