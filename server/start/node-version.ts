/**
 * Ends the process with a message if this Node is too old. Each program that people start imports this file first, so
 * that it runs before any code that an older Node lacks. All imports of such a program must be readable by Node 22.18,
 * the oldest version that runs TypeScript directly.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `Fourwire needs Node 24.12 or later, but this is ${process.version}. Start it with npm (npm start, npm run lesson), which finds a newer Node.`,
  )
  process.exit(2)
}
