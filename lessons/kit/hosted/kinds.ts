/** The ways in which the file that a student writes can be run. */

export interface HostedFile {
  /** Name of the file, without `.ts`; also the exercise's name in reports and in the progress. */
  readonly name: string
  readonly hosted: Hosted
}

/** How the student's file is run, always in a separate process. */
export type Hosted =
  /**
   * The file exports a `Transport` of this name, which is served over a feed that the check controls.
   * `isFrozen`: its time stands still from its first line on, and `tick` moves all of its timers.
   */
  | { readonly kind: 'transport'; readonly exported: string; readonly isFrozen?: true }
  /**
   * The file is a whole server, which is ready when `process.env.PORT` accepts connections.
   * With Redis, `process.env.REDIS_URL` names one, and a second process of the program can use the same Redis.
   * `isFrozen`: as above.
   */
  | { readonly kind: 'server'; readonly with?: 'redis'; readonly isFrozen?: true }
  /** The file exports functions, which the check calls with `trial.call`. */
  | { readonly kind: 'functions' }
  /**
   * The file exports a client: a function of this name that is called with a `Target` and a `Listener`
   * (`hosted/clients.ts`), opens WebSockets, and returns a function that stops it. Its time stands still from its first line on.
   */
  | { readonly kind: 'client'; readonly exported: string }
  /**
   * The file is one part of the program `of` in the lesson's folder, and exports this name. It replaces the file `inPlaceOf`
   * for every importer. Both are absolute paths. The check calls the exports of `of` with `trial.call`. `isFrozen`: as above.
   */
  | {
      readonly kind: 'part'
      readonly exported: string
      readonly inPlaceOf: string
      readonly of: string
      readonly isFrozen?: true
    }
