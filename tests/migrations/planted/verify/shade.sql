SELECT shade FROM todo WHERE false;
