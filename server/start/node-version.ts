/**
 * Ends the process with a message if this Node is too old. Each program that people start imports this file first, so
 * that this check runs before any code that needs a newer Node. Node 22.18 must be able to parse all imports of such a
 * program, because 22.18 is the oldest version that runs TypeScript directly.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `Fourwire needs Node 24.12 or later, but this is ${process.version}. Start it with npm (npm start, npm run lesson), which finds a newer Node.`,
  )
  process.exit(2)
}
