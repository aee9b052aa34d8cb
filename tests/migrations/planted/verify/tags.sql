SELECT tags FROM todo WHERE false;
