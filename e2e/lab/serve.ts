import { startServer } from '../../signaling-server/server.ts';

// A process of its own: `serve.ts FOLDER PORT`. The product's server, for a page in another folder than dist/.
const [root = '', port = ''] = process.argv.slice(2);
await startServer({ host: '127.0.0.1', port: Number(port), root });
// Its input ends with the process that started it, however that ends.
process.stdin.resume().once('end', () => process.exit());
