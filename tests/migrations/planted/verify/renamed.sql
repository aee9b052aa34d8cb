SELECT heading FROM todo WHERE false;
