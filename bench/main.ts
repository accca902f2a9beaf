import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { messageOf } from '../core/errors.ts';
import { buildOnce } from '../e2e/build.ts';
import { audit } from './audit/audit.ts';
import { follow } from './follow.ts';
import { conversations } from './language/conversations.ts';
import { keptMemory } from './language/kept-memory.ts';
import { tokenCost } from './language/token-cost.ts';
import { leftOut } from './left-out.ts';
import { measureLoading } from './loading.ts';
import { loadingTable } from './loading-table.ts';
import { parseBenchOptions, type SectionName } from './options.ts';
import { predict } from './predict.ts';
import { replicas } from './replicas.ts';
import type { Section } from './section.ts';
import { capacity } from './server/capacity.ts';
import { server } from './server/server.ts';
import { splitting } from './splitting.ts';

const loading: Section = async ({ loads }) => {
  const report = await measureLoading(loads);
  return { text: loadingTable(report), good: report.good, data: report };
};

const SECTIONS: Readonly<Record<SectionName, Section>> = {
  splitting,
  loading,
  predict,
  'left-out': leftOut,
  follow,
  replicas,
  conversations,
  'token-cost': tokenCost,
  'kept-memory': keptMemory,
  server,
  capacity,
  audit,
};

const options = parseBenchOptions(process.argv.slice(2));
await buildOnce();
const found: Record<string, unknown> = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
for (const name of options.sections) {
  try {
    const { text, good, data } = await SECTIONS[name](options);
    console.log(`\n${text}`);
    found[name] = data;
    if (!good) process.exitCode = 1;
  } catch (error) {
    // The others may still tell something.
    console.error(`${name} failed: ${messageOf(error)}`);
    found[name] = { error: messageOf(error) };
    process.exitCode = 1;
  }
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(found, null, 2)}\n`);
