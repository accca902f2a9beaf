import { writeFileSync } from 'node:fs';
import { buildOnce } from '../build.ts';
import { measure } from './measure.ts';
import { parseLabOptions, USAGE, UsageError } from './options.ts';
import { tableOf } from './report.ts';

/** Exit status: 0 when the split run is verified, 1 when it is not, 2 when the command line is wrong. */
async function main(): Promise<number> {
  const options = parseLabOptions(process.argv.slice(2));
  await buildOnce();
  const report = await measure(options);
  console.log(tableOf(report));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return report.verify.ok && report.errors.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
  } else {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
