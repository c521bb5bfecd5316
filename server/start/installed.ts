/**
 * Differences between the repository and an installed package of npm. An installed package is inside a folder
 * `node_modules`. It has the command `fourwire`, but no scripts of npm.
 */
const isInstalled = /[\\/]node_modules[\\/]/.test(import.meta.dirname)

/** Command that starts the server, for messages. Flags can follow. */
export const START = isInstalled ? 'fourwire start' : 'npm start --'

/** Command that compares transports, for messages. Options can follow. */
export const COMPARE = isInstalled ? 'fourwire compare' : 'npm run compare --'

/** What to do if a package that the server needs is missing or incomplete. */
export const INSTALL_AGAIN = isInstalled ? 'Install Fourwire again.' : 'Install the packages again: npm ci'

/**
 * Flags for a Node that this program starts to run TypeScript of Fourwire. `fork` and threads pass the flags on by
 * themselves, but `spawn` does not. `launch.js` uses the same flags.
 */
export const NODE_FLAGS: readonly string[] = isInstalled
  ? ['--import', new URL('strip-types.js', import.meta.url).href]
  : []
