import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildLabOnce, LAB_BUILD } from '../build.ts';
import { LAB_QUERY } from '../lab/page/potluck-lab.ts';
import { ROOT } from '../repository.ts';

/** All scripts of a built page. */
function scriptsOf(folder: string): string {
  const assets = join(folder, 'assets');
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  return scripts.map((name) => readFileSync(join(assets, name), 'utf8')).join('\n');
}

test('the product contains nothing of what the lab puts around its page', async () => {
  await buildLabOnce();
  const [lab, product] = [scriptsOf(LAB_BUILD), scriptsOf(join(ROOT, 'dist'))];
  // Names that no minifier changes: the window's property and the query of the address.
  for (const name of ['potluckLab', ...Object.values(LAB_QUERY)]) {
    expect(lab).toContain(name);
    expect(product).not.toContain(name);
  }
});
