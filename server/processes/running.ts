/** A server that listens, in this process or in several workers. */
export interface RunningServer {
  readonly port: number
  /** Sets the addresses at which a class joins. They are known only after the start. */
  joinAt(addresses: readonly string[]): void
  /** Ends the server with a goodbye to every client. `why`: what ends it, for the log. Resolves after the end. */
  end(why: string): Promise<void>
  /** Ends the server's other processes without goodbyes. */
  endNow(): void
}
