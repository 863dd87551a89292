"""Coach. Owns the training memory, conversations, lasting facts and weekly reports of each user; hears accepted events
and identity events; says that a merge or an erasure was applied and that a report is ready, and answers over HTTP."""
