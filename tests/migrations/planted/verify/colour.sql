SELECT colour FROM todo WHERE false;
