SELECT token FROM todo WHERE false;
