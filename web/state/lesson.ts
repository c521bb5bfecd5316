/** How the lesson stands that runs in a terminal beside this page, as the server has it from the kit. */
import type { LessonWish, ToldLesson } from '../../server/lessons/state.ts'

/** Calls with null while no lesson runs; at once, and on every change. What it returns ends it. */
export function followLesson(told: (state: ToldLesson | null) => void): () => void {
  const source = new EventSource('/lessons/state')
  source.onmessage = ({ data }: MessageEvent<string>) => told(JSON.parse(data))
  // The kit ends its sandbox with itself.
  source.onerror = () => told(null)
  return () => source.close()
}

export async function ask(wish: LessonWish): Promise<void> {
  // Where nobody hears it, the page says already that no lesson runs.
  await fetch(`/lessons/${wish}`, { method: 'POST' }).catch(() => undefined)
}
