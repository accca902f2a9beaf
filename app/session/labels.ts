/** Names of classes that came with the page; null where the server lacks them. */
export async function labelsOf(set: string): Promise<readonly string[] | null> {
  const response = await fetch(`${import.meta.env.BASE_URL}labels/${set}.json`);
  return response.ok ? ((await response.json()) as string[]) : null;
}
