/** The sandbox as a process that ends with the kit that started it. Takes the flags of `server/main.ts`. */
import { Worker } from 'node:worker_threads'

new Worker(new URL('./orphan.ts', import.meta.url)).unref()
await import('../../../server/main.ts')
