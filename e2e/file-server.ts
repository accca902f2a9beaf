import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A small web server on a second loopback port: another origin for the page. */
export interface FileServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** What it answers, by path. */
export interface ServedFile {
  readonly body: Uint8Array | string;
  /** Headers such as `Access-Control-Allow-Origin`; none unless given. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Lets any page read a file, also one that is cross-origin isolated. */
export const OPEN_TO_ALL: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

/** Serves these files; every other path is 404, readable by any page. */
export async function serveFiles(files: Readonly<Record<string, ServedFile>>): Promise<FileServer> {
  return serve((request, response) => {
    const file = files[new URL(request.url ?? '/', 'http://localhost').pathname];
    if (file) response.writeHead(200, { ...file.headers }).end(file.body);
    else response.writeHead(404, { ...OPEN_TO_ALL }).end('There is no such file.');
  });
}

/** Serves whatever `answer` answers, on a free loopback port. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<FileServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The system gave no port number.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
