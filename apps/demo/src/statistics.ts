// What INFO counts. It knows no more than the numbers.

export class Statistics {
  readonly startedMs = Date.now()
  connectionsReceived = 0
  connectionsRejected = 0
  commandsProcessed = 0
  errorReplies = 0
  protocolErrors = 0
  messagesPublished = 0
  messagesDelivered = 0
  /** Subscribers dropped because too much waited for them. */
  slowSubscribersDropped = 0

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.connectionsReceived = 0
    this.connectionsRejected = 0
    this.commandsProcessed = 0
    this.errorReplies = 0
    this.protocolErrors = 0
    this.messagesPublished = 0
    this.messagesDelivered = 0
    this.slowSubscribersDropped = 0
  }
}
