/** Describes the five ways to run a student's file. */

export interface HostedFile {
  /** Name of the file, without `.ts`; also the exercise's name in reports and in the progress. */
  readonly name: string
  readonly hosted: Hosted
}

/** How the student's file is run, always in a separate process. */
export type Hosted =
  /**
   * The file exports a `Transport` under the name `exported`. The kit serves it over a feed that the check controls.
   * With `isFrozen`, the clock of the process stands still from the file's first line on, and only `tick` moves it.
   */
  | { readonly kind: 'transport'; readonly exported: string; readonly isFrozen?: true }
  /**
   * The file is a whole server, which is ready when `process.env.PORT` accepts connections.
   * With Redis, `process.env.REDIS_URL` is the address of a Redis server. A second process of the program can use the
   * same one. `isFrozen` has the same effect as for a transport.
   */
  | { readonly kind: 'server'; readonly with?: 'redis'; readonly isFrozen?: true }
  /** The file exports functions, which the check calls with `trial.call`. */
  | { readonly kind: 'functions' }
  /**
   * The file exports a client: a function under the name `exported`. The kit calls it with a `Target` and a `Listener`
   * (`hosted/clients.ts`). The client opens WebSockets, and returns a function that stops it. The clock of the process
   * stands still from the file's first line on.
   */
  | { readonly kind: 'client'; readonly exported: string }
  /**
   * The file is one part of a larger program, and exports the name `exported`. The program's other files import this
   * file instead of the file `replacedPath`. The check calls the exports of the file `programPath` with `trial.call`.
   * Both paths are absolute. `isFrozen` has the same effect as for a transport.
   */
  | {
      readonly kind: 'part'
      readonly exported: string
      readonly replacedPath: string
      readonly programPath: string
      readonly isFrozen?: true
    }
