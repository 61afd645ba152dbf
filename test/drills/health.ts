import { setTimeout as delay } from 'node:timers/promises';
import { send } from '../support/client.ts';

/**
 * Asks a service all the time whether it is alive, over new connections, as those who watch it do.
 *
 * @returns ends that, and answers with how long the slowest answer took, in milliseconds; rejects where one was no 200
 */
export function watchHealth(url: string): () => Promise<number> {
  let isOver = false;
  const watching = (async () => {
    let slowest = 0;
    while (!isOver) {
      const from = performance.now();
      const { status } = await send(url, { path: '/healthz', from: '127.0.0.2' });
      if (status !== 200) throw new Error(`/healthz answered ${status}`);
      slowest = Math.max(slowest, performance.now() - from);
      await delay(50);
    }
    return slowest;
  })();
  // Told to whoever ends it.
  watching.catch(() => undefined);
  return () => {
    isOver = true;
    return watching;
  };
}
