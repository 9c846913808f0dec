-- The newest sales of all nights, without reading every sale there ever was.

CREATE INDEX sale_by_time ON sale (tenant_id, completed_at, sale_id);
