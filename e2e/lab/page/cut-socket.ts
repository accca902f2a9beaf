import type { Partition } from './partition.ts';

/** A WebSocket that hears and says nothing while the page is cut off. Listeners are added, never set as `on…`. */
export function cutSockets(inner: typeof WebSocket, partition: Partition): typeof WebSocket {
  return class extends inner {
    override send(data: Parameters<WebSocket['send']>[0]): void {
      partition.pass(() => {
        if (this.readyState === this.OPEN) super.send(data);
      });
    }

    override close(code?: number, reason?: string): void {
      partition.pass(() => super.close(code, reason));
    }

    override addEventListener(
      type: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | AddEventListenerOptions,
    ): void {
      const hear = (event: Event): void => {
        partition.pass(() => {
          if (typeof listener === 'function') listener.call(this, event);
          else listener.handleEvent(event);
        });
      };
      super.addEventListener(type, hear, options);
    }
  };
}
