/**
 * Asks the browser not to clear this site's storage when the disk runs short. Quietly: Firefox would put a question
 * to the person, so there it is only done when they have agreed before.
 */
export async function askToKeep({ storage, permissions, userAgent }: Navigator): Promise<boolean> {
  try {
    if (await storage.persisted()) return true;
    if (userAgent.includes('Firefox/')) {
      const { state } = await permissions.query({ name: 'persistent-storage' });
      if (state !== 'granted') return false;
    }
    return await storage.persist();
  } catch {
    // Not every browser knows the question; what is stored stays as long as it likes then.
    return false;
  }
}
