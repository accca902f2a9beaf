import { openModelFile } from '../tools/split/model-file.ts';

/** What each node of a model must take so that all of it takes `itemMs`. */
export async function nodeMsFor(model: string, itemMs: number): Promise<number> {
  const { graph } = await openModelFile(model);
  return itemMs / graph.nodes.length;
}
