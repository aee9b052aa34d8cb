SELECT place FROM todo WHERE false;
