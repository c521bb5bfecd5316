import { defineConfig } from 'vitest/config'
import { PAGE, shared } from '../vitest.config.ts'

/** What of the page takes its time in a browser, and is about no time itself. */
export default defineConfig({ test: { ...shared, include: PAGE, globalSetup: ['test/browser/chromium.ts'] } })
