import { messageOf } from '../core/errors.ts';
import { parseArguments, USAGE, UsageError } from './arguments.ts';
import { findNatives } from './natives.ts';
import { run } from './run.ts';

/** Exit status: 0 after a goodbye, 1 where the room is closed to this peer or something fails, 2 for wrong arguments. */
async function main(): Promise<number> {
  const options = parseArguments(process.argv.slice(2), process.env.POTLUCK_LINK);
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const running = await run(options, await findNatives(), (text) => console.log(text));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      running.stop();
      // Whoever presses it twice does not want to wait.
      process.once(signal, () => process.exit(1));
    });
  }
  return (await running.ended) === 'left' ? 0 : 1;
}

let status: number;
try {
  status = await main();
} catch (error) {
  const misused = error instanceof UsageError;
  console.error(misused ? `${error.message}\n\n${USAGE}` : messageOf(error));
  status = misused ? 2 : 1;
}
// WebRTC keeps threads of its own, which would keep the process.
process.exit(status);
