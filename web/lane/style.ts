/** Adds the CSS rules of the lanes to the page, with the colours that the transports declare. */
import { transports } from '../transports/index.ts'

const sheet = new CSSStyleSheet()
const all = Object.values(transports)
sheet.replaceSync(
  `:root { ${all.map(({ name, colour: { light, dark } }) => `--lane-${name}: light-dark(${light}, ${dark});`).join(' ')} }
  /* In forced colours all lanes have one colour, and only their shapes differ. */
  @media (forced-colors: active) { :root { ${all.map(({ name }) => `--lane-${name}: CanvasText;`).join(' ')} } }
  ${all.map(({ name }) => `[data-lane='${name}'] { --c: var(--lane-${name}); }`).join('\n')}`,
)
document.adoptedStyleSheets.push(sheet)
