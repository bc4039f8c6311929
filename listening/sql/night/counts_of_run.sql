select * from records.run_counts where run_id = $run_id order by source
