import type { Plugin } from 'vite';
import type { ServerEvent } from '../signaling-server/events.ts';

/**
 * Gives the development server rooms: a signaling server of its own on a free loopback port, reached through
 * Vite's proxy, so that the page finds `/signal` where it was loaded from. Ends with the development server.
 */
export function devSignaling(): Plugin {
  let end: () => Promise<void> = async () => undefined;
  return {
    name: 'dev-signaling',
    apply: (_config, { command, isPreview }) => command === 'serve' && !isPreview,
    config: async () => {
      // Imported here, because a build has no use for it.
      const { startServer } = await import('../signaling-server/server.ts');
      const { sentenceOf } = await import('../signaling-server/events.ts');
      const log = (event: ServerEvent): void => console.log(sentenceOf(event));
      const server = await startServer({ host: '127.0.0.1', port: 0, root: 'dist', log });
      end = server.close;
      return { server: { proxy: { '/signal': { target: server.url, ws: true } } } };
    },
    // Vite closes each environment of a server, so this may come more than once.
    closeBundle: async () => {
      const ending = end;
      end = async () => undefined;
      await ending();
    },
  };
}
