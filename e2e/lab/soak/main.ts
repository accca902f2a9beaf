import { messageOf } from '../../../core/errors.ts';
import { buildOnce } from '../../build.ts';
import { UsageError } from '../usage-error.ts';
import { parseSoakOptions, SOAK_USAGE } from './options.ts';
import { soak } from './soak.ts';

try {
  const options = parseSoakOptions(process.argv.slice(2));
  await buildOnce();
  const tally = await soak(options);
  console.log(JSON.stringify({ ...options, ...tally.summary() }, null, 2));
  process.exitCode = tally.isClean ? 0 : 1;
} catch (error) {
  const misused = error instanceof UsageError;
  console.error(misused ? `${error.message}\n\n${SOAK_USAGE}` : messageOf(error));
  process.exitCode = misused ? 2 : 1;
}
